// How fast the npm package edifact reads interchanges, each FILE so many times over:
//
//     node bench.js PASSES TIMES FILE...
//     edifact.npm	31.2	MB/s
//     edifact.segments	420000	segments
//
// The best of a few passes over text that is in memory, after one to warm up.  In its favour: no validator, which
// is quicker, one parser for all files, and the text is decoded beforehand.
'use strict'
const fs = require('fs')
const Parser = require('edifact/parser.js')

const [passes, times] = process.argv.slice(2, 4).map(Number)
let bytes = 0
const texts = process.argv.slice(4).map(path => {
  const file = fs.readFileSync(path)
  bytes += file.length * times
  const text = file.toString('latin1')
  return text.includes('UNB+UNOW') ? file.toString('utf8') : text
})

let segments, seen
function pass () {
  segments = seen = 0
  const parser = new Parser()
  parser.encoding('UCS2') // any character: which ones may be is not its affair
  parser.on('opensegment', () => segments++)
  parser.on('component', data => { seen += data.length })
  for (let time = 0; time < times; time++) {
    for (const text of texts) {
      parser.write(text)
      parser.end()
    }
  }
}

pass()
let best = Infinity
for (let i = 0; i < passes; i++) {
  const start = process.hrtime.bigint()
  pass()
  best = Math.min(best, Number(process.hrtime.bigint() - start) / 1e3)
}
if (seen === 0) process.exit(1)
console.log(`edifact.npm\t${(bytes / best).toFixed(1)}\tMB/s`)
console.log(`edifact.segments\t${segments}\tsegments`)
