// Prints the segments of a file as the npm packages edifact and node-x12 read them, as JSON:
// [["UNB", [["UNOC", "3"], ["S1"]]], ...], an element being the list of its components.
//
//     node read.js FILE
'use strict'
const fs = require('fs')

function edifact (text) {
  const Parser = require('edifact/parser.js')
  const Validator = require('edifact/validator.js')
  const parser = new Parser(new Validator())
  const segments = []
  let elements, components
  parser.on('opensegment', tag => { elements = []; segments.push([tag, elements]) })
  parser.on('element', () => { components = []; elements.push(components) })
  parser.on('component', data => components.push(data))
  // Its own repertoires are UNOA and UNOB, and wait for capitals; what is in the text is not its affair.
  parser.encoding('UNOC')
  parser.write(text)
  parser.end()
  return segments
}

function x12 (text) {
  const { X12Parser } = require('node-x12')
  const interchange = new X12Parser(true).parse(text) // strict
  const segments = []
  const take = segment => segments.push([segment.tag, segment.elements.map(element => [element.value])])
  take(interchange.header)
  for (const group of interchange.functionalGroups) {
    take(group.header)
    for (const set of group.transactions) {
      take(set.header)
      set.segments.forEach(take)
      take(set.trailer)
    }
    take(group.trailer)
  }
  take(interchange.trailer)
  return segments
}

const bytes = fs.readFileSync(process.argv[2])
const text = bytes.toString('latin1').replace(/^\u00ef\u00bb\u00bf/, '')
console.log(JSON.stringify(text.startsWith('ISA') ? x12(text) : edifact(text)))
