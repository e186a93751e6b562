// What another client of the manager port makes of an exchange's events: one JSON object a line, each key in
// lower case with the list of its values.
//
//     node listen.js asterisk-manager|yana PORT USER SECRET
'use strict';

const [client, port, user, secret] = process.argv.slice(2);

function print(event) {
  const fields = {};
  for (const [key, value] of Object.entries(event)) {
    const name = key.toLowerCase().replace(/\s/g, '');
    const values = Array.isArray(value) ? value : [value];
    fields[name] = (fields[name] || []).concat(values.map((one) =>
      // asterisk-manager takes variables apart.
      typeof one === 'object' ? Object.entries(one).map(([k, v]) => (v ? `${k}=${v}` : k)) : String(one)).flat());
  }
  process.stdout.write(`${JSON.stringify(fields)}\n`, () => {
    if (fields.event[0] === 'EndOfCapture') process.exit(0);
  });
}

if (client === 'yana') {
  const AMI = require('yana');
  const ami = new AMI({ port: Number(port), host: '127.0.0.1', login: user, password: secret });
  ami.on('event', print);
  ami.on('error', (error) => { console.error(error); process.exit(1); });
  ami.connect();
} else {
  const ami = require('asterisk-manager')(Number(port), '127.0.0.1', user, secret, true);
  ami.on('managerevent', print);
  ami.on('error', (error) => { console.error(error); process.exit(1); });
}
