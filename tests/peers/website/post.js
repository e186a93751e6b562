// Posts to carehub-website by npm's cloudevents and standardwebhooks, and prints every answer.
//
//     node post.js '{"port": 7780, "token": "...", "secret": "whsec_..."}'
//
// One JSON object a line: {"what": ..., "status": ..., "answer": ...}.
import { CloudEvent, HTTP, emitterFor, httpTransport } from "cloudevents";
import { Webhook } from "standardwebhooks";

const { port, token, secret } = JSON.parse(process.argv[2]);
const url = `http://127.0.0.1:${port}`;

async function post(what, path, headers, body) {
  const answer = await fetch(url + path, { method: "POST", headers, body });
  const text = await answer.text();
  console.log(JSON.stringify({ what, status: answer.status, answer: text ? JSON.parse(text) : null }));
}

function event(id, more) {
  return new CloudEvent({
    id, source: "urn:web", type: "website.feedback.given", time: "2026-11-21T09:30:00.123Z",
    data: { feedbackId: id, remarks: "王芳: gut, 100%" }, ...more,
  });
}

const auth = { authorization: `Bearer ${token}` };
for (const [what, encode] of [["binary", HTTP.binary], ["structured", HTTP.structured]]) {
  const message = encode(event(`sdk-${what}`, { subject: "plain", traceparent:
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" }));
  await post(what, "/events", { ...message.headers, ...auth }, message.body);
  await post(`${what} again`, "/events", { ...message.headers, ...auth }, message.body);
}
const batch = [1, 2, 3].map((n) => event(`sdk-batch-${n}`));
await post("batch", "/events", { ...auth, "content-type": "application/cloudevents-batch+json" },
  JSON.stringify(batch));

// The SDK's own transport, as its users send; the body comes in pieces, without a length.
const emit = emitterFor(httpTransport(url + "/events"), { headers: auth });
const emitted = await emit(event("sdk-emitter"), { headers: auth });
console.log(JSON.stringify({ what: "emitter", status: 200, answer: JSON.parse(emitted.body) }));

const webhook = new Webhook(secret);
const payload = JSON.stringify({ type: "website.feedback.given", timestamp: "2026-11-21T09:30:00Z",
  data: { feedbackId: "hook-1", remarks: "second \"line\"\n第二行" } });
function headers(id, date, body) {
  return { "content-type": "application/json", "webhook-id": id,
    "webhook-timestamp": String(Math.floor(date.getTime() / 1000)),
    "webhook-signature": webhook.sign(id, date, body) };
}
const now = new Date();
await post("webhook", "/webhooks", headers("hook-1", now, payload), payload);
await post("webhook again", "/webhooks", headers("hook-1", new Date(now.getTime() + 2000), payload), payload);
await post("webhook altered", "/webhooks", headers("hook-2", now, payload), payload + " ");
await post("webhook late", "/webhooks", headers("hook-3", new Date(now.getTime() - 400000), payload), payload);
