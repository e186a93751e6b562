// What another client of FreeSWITCH's event socket makes of an exchange's events: one JSON object a line, each header
// with its value.  modesl asks for the plain form, esl-lite for JSON.
//
//     node listen.js modesl|esl-lite PORT PASSWORD
//
// It ends with an event of the subclass end::capture.
'use strict';

const [client, port, password] = process.argv.slice(2);

function print(headers) {
  const last = headers['Event-Subclass'] === 'end::capture';
  process.stdout.write(last ? '' : `${JSON.stringify(headers)}\n`, () => {
    if (last) process.exit(0);
  });
}

function fail(error) {
  console.error(error);
  process.exit(1);
}

if (client === 'modesl') {
  const { Connection } = require('modesl');
  const connection = new Connection('127.0.0.1', Number(port), password, () => {
    connection.parser.on('esl::event', (event, headers) => {
      if (headers['Content-Type'] === 'text/event-plain')
        print(Object.fromEntries(event.headers.map(({ name, value }) => [name, String(value)])));
    });
    connection.events('plain', 'all');
  });
  connection.on('error', fail);
} else {
  const { FreeSwitchClient } = require('esl-lite');
  const quiet = () => {};
  const logger = { debug: quiet, info: quiet, warn: quiet, trace: quiet, fatal: fail, error: fail };
  logger.child = () => logger;
  const listener = new FreeSwitchClient({ port: Number(port), password, logger });
  const told = (message) => print(Object.fromEntries(
    Object.entries(message.body.data).map(([name, value]) => [name, String(value)])));
  for (const name of ['CHANNEL_CREATE', 'CHANNEL_ANSWER', 'CHANNEL_HANGUP_COMPLETE'])
    listener.on(name, told);
  for (const subclass of ['callcenter::info', 'CSAT', 'end::capture'])
    listener.custom.on(subclass, told);
}
