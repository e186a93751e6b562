// A station that publishes with MQTT.js: reads a JSON list of messages on standard input, and ends when the
// broker has acknowledged them all.
//
//     node publish.js PORT VERSION < messages.json
//     [{"topic": "...", "payload": "...", "properties": {"contentType": "...", "userProperties": {}}}]
const mqtt = require('mqtt')

const [port, version] = process.argv.slice(2)
const messages = JSON.parse(require('fs').readFileSync(0, 'utf8'))

async function main () {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: Number(version) })
  await Promise.all(messages.map(message =>
    client.publishAsync(message.topic, message.payload, { qos: 1, properties: message.properties })))
  await client.endAsync()
}

main().catch(error => {
  console.error(error.message)
  process.exit(1)
})
