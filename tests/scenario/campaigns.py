"""A campaign goes out to those who agreed: by a real mail server with TLS and a password, with the module killed and the hub restarted in between;
somebody says no by the link, a survey is answered, and an uncertain mail is settled."""
import json
import re
import ssl
import subprocess

from lib import BIN, Hub, event, running, until
from mail_server import AuthResult, Mailbox, certificate, consent, mailbox, order, serving


def who(server, session, envelope, mechanism, data):
    return AuthResult(success=(data.login, data.password) == (b"carehub", b"open sesame"))


def secured(certs):
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certs / "cert.pem", certs / "key.pem")
    return {"tls_context": tls, "require_starttls": True, "authenticator": who, "auth_required": True}


with certificate("127.0.0.1", "IP:127.0.0.1") as certs, Hub() as hub, \
        serving(Mailbox(), **secured(certs)) as box:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    site = hub.peer("site", roles="producer", sources="/site", types="website.>",
                    assurance="verified", region="CN")
    peer = hub.peer("marketing", roles="producer, consumer", sources="/carehub/marketing",
                    types="marketing.>, callcenter.callback.scheduled", topics=">")
    config, folder = hub.root / "marketing.conf", hub.root / "campaigns"
    folder.mkdir()
    (hub.root / "segments.conf").write_text("[segment buyers]\nwhere = frequency(3650d) >= 1\n")
    token_key = hub.root / "token.key"
    token_key.write_text("sixteen letters or more\n")
    token_key.chmod(0o600)
    password = hub.root / "mail.password"
    password.write_text("open sesame\n")
    password.chmod(0o600)
    for name, purpose, more in (("spring", "marketing", ""),
                                ("poll", "research", "[survey]\nid = q1\nwave = w1\n")):
        (folder / f"{name}.conf").write_text(
            f"[campaign]\nsegment = buyers\npurpose = {purpose}\nchannel = email\n"
            f"text = {name}.txt\nanswer_link = https://www.example.com/{name}?t=\n{more}")
        (folder / f"{name}.txt").write_text(
            "Subject: {{name|客户}}，春季优惠\n\n您好 {{family|您}}: {{answer}}\n不再接收: {{unsubscribe}}\n")

    def start():
        hub.start()
        config.write_text(
            f"[hub]\nendpoint = {hub.address}\nserver_key = {hub.server_key}\n"
            f"key_file = {peer.key_file}\n[module]\nbook = {hub.root}/book\n"
            f"[segments]\ndefinitions = {hub.root}/segments.conf\ncurrency = CNY\nzone = UTC\n"
            f"[campaigns]\nfolder = {folder}\ntoken_key_file = {token_key}\n"
            "unsubscribe_link = https://www.example.com/no?t=\n"
            f"[mail]\nhost = 127.0.0.1\nport = {box.port}\nfrom = care@example.com\n"
            f"ca_file = {certs}/cert.pem\nuser = carehub\npassword_file = {password}\n"
            "from_name = 客户服务\nretry = 200ms\na_minute = 0\n")

    def run():
        return running([BIN / "carehub-marketing", "run", "--config", config])

    def campaigns(*words, status=(0,)):
        done = subprocess.run([BIN / "carehub-marketing", "campaigns", *words, "--config", config],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode in status, (words, done)
        return done.stdout

    def reload():
        return subprocess.run([BIN / "carehub-marketing", "reload", "--config", config],
                              capture_output=True, text=True, timeout=60).stdout

    def proof_of(n):
        number = hub.ask(ops, "customer", f"M{n}")[0]["customer"]["customerNumber"]
        (proof,) = rows(number, "proof", "proof")
        return proof

    def rows(name, table, command="report"):
        report = json.loads(campaigns(command, name, "--json", status=(0, 1, 3)) or '{"sections": []}')
        return next(t["rows"] for s in report["sections"] for t in s["parts"]
                    if t.get("table") == table)

    def members(command, what):
        return {row["what"]: row["customers"]
                for row in rows("spring", "members", command)}.get(what)

    def outcomes(name):
        return {row["state"]: row["customers"] for row in rows(name, "outcomes")}

    start()
    # 1 to 30 bought something; 1 to 20 agreed to offers, of them 5 no more; 1 to 3 agreed to questions.
    hub.run(site, "publish", input="".join(
        [order(n) for n in range(1, 31)]
        + [consent(n, "given", f"g{n}", "MARKETING") for n in range(1, 21)]
        + [consent(n, "given", f"r{n}", "RESEARCH") for n in range(1, 4)]
        + [consent(5, "withdrawn", "w5", "MARKETING")]))
    box.drop.add("c7@example.org")
    with run():
        until(lambda: campaigns("list", status=(0, 3)))
        until(lambda: members("plan", "in the segment") == 30)
    lost = folder / "lost.conf"
    lost.write_text((folder / "spring.conf").read_text().replace("buyers", "byers"))
    for command in ("plan", "dry-run", "run"):
        campaigns(command, "lost", status=(2,))  # nobody has defined it: not a plan of 0
    lost.unlink()
    with run() as module:
        assert members("dry-run", "would get it now") == 19
        campaigns("run", "spring")
        until(lambda: len(box.mails) >= 4)
        module.kill()  # -9, wherever it is
    with run():
        until(lambda: len(box.mails) >= 8)
        until(lambda: reload() == "active 2 taken_over\n")  # mails are under way: none is lost or doubled
        hub.kill()
        start()
    with run():
        until(lambda: re.search(r"\bended\b", campaigns("report", "spring", status=(0, 1))))  # not process_ended
        until(lambda: outcomes("spring")["open"] == 0)
        seen = outcomes("spring")
        assert seen["passed over"] == 11 and seen["sent"] + seen["uncertain"] == 19, seen
        assert 1 <= seen["uncertain"] <= 5, seen
        for n in range(1, 31):
            assert len(box.to(mailbox(n, "xn--bcher-kva.example"))) <= (1 if n <= 20 and n != 5 else 0), n
        # Somebody whose mail was not the one under way when the module died.
        told = next(n for n in range(20, 7, -1) if proof_of(n)["state"] == "sent")
        (mail,) = box.to(mailbox(told, "xn--bcher-kva.example"))
        assert mail["Subject"] == f"李{told}，春季优惠" and mail["From"].addresses[0].display_name == "客户服务"
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        token = re.search(r"no\?t=([0-9a-f]{64})", mail["List-Unsubscribe"])[1]
        assert f"no?t={token}" in mail.get_content()

        # What it rested on, for whoever asks why he was written to.
        proof = proof_of(told)
        assert proof["text"] == "spring.txt" and proof["reply"] == 250, proof
        consent_entry = hub.ask(ops, "get", proof["consent"])[0]
        assert "website.consent.given" in str(consent_entry), consent_entry
        assert proof["record"] >= proof["consent"] > 0 and proof["textVersion"], proof

        campaigns("proof", "77", status=(2,))  # of whom nothing is known
        campaigns("uncertain", "springg", status=(2,))

        # No more: the hub's record has it, and the next campaign passes him by.
        hub.run(site, "publish", input=event(
            "website.message.unsubscribed", "u1", "/site", {"token": token, "oneClick": "ANSWER_YES"}))
        until(lambda: hub.ask(ops, "find", "--count", "--type",
                              "marketing.consent.withdrawn")[0]["matched"] in (1, "1"))
        number = hub.ask(ops, "customer", f"M{told}")[0]["customer"]
        assert any(c["granted"] == "ANSWER_NO" for c in number["consents"]), number

        # Settled: it did not arrive, and is sent once more.
        box.drop.clear()
        uncertain = {row["message"]: row["customer"] for row in rows("spring", "uncertain")}
        lost = next(m for m in uncertain)
        before = len(box.mails)
        campaigns("settle", lost, "resend")
        until(lambda: len(box.mails) == before + 1)
        until(lambda: outcomes("spring")["uncertain"] == len(uncertain) - 1)

        # Questions, to those who agreed to them; answered, answered again, and by nobody.
        campaigns("run", "poll")
        until(lambda: outcomes("poll")["sent"] == 3)
        text = box.to("c1@example.org")[-1].get_content()
        answer = re.search(r"poll\?t=([0-9a-f]{64})", text)[1]
        for key, who in (("a1", answer), ("a2", answer), ("a3", "0" * 64)):
            hub.run(site, "publish", input=event(
                "website.survey.answered", key, "/site",
                {"surveyId": "q1", "wave": "w1", "responseId": who, "answers": [
                    {"questionId": "price", "score": {"unscaled": "4", "scale": 0},
                     "satisfaction": "SATISFACTION_SATISFIED"}]}))
        until(lambda: rows("poll", "survey")[0]["unknown"] == 1)
        figures = rows("poll", "survey")[0]
        assert figures["invited"] == 3 and figures["again"] == 1, figures
        assert rows("poll", "questions")[0]["satisfied"] == 1
        until(lambda: re.search(r"\bended\b", campaigns("report", "poll", status=(0, 1))))

        # One that goes on is stopped by its name, though somebody else's file is half written.
        (folder / "weekly.conf").write_text("[campaign]\nsegment = buyers\npurpose = service\nchannel = email\n"
                                            "text = spring.txt\nanswer_link = https://a.example/?t=\n"
                                            "ends = 2090-01-01T00:00:00Z\nrepeat = 1h\n")
        campaigns("run", "weekly")
        until(lambda: re.search(r"\bruns\b", campaigns("report", "weekly")))
        (folder / "half.conf").write_text("[campaign]\nsegment = buyers\n")
        campaigns("report", "weekly", status=(2,))
        campaigns("stop", "weekly")
        (folder / "half.conf").unlink()
        until(lambda: re.search(r"\bended\b", campaigns("report", "weekly")))
        spring = campaigns("report", "spring", "--json", status=(0, 1))
        assert json.loads(spring)["scope"] == "spring"
        drawn = next(f for s in json.loads(spring)["sections"] for f in s["parts"] if f.get("figure") == "outcomeCounts")
        assert {p["label"]: p["values"][0] for p in drawn["points"]} == \
            {state: count for state, count in outcomes("spring").items() if count > 0}, drawn

    # The book anew: the same report, nothing sent, nothing said.
    sent, head = len(box.mails), hub.status(ops)["head"]
    subprocess.run([BIN / "carehub-marketing", "rebuild", "--config", config], check=True,
                   stdout=subprocess.DEVNULL)
    with run():
        until(lambda: re.search(r"\bended\b", campaigns("report", "poll", status=(0, 1, 3))))
        until(lambda: outcomes("spring") == {r["state"]: r["customers"] for s in
              json.loads(spring)["sections"] for t in s["parts"]
              if t.get("table") == "outcomes" for r in t["rows"]})
    assert len(box.mails) == sent and hub.status(ops)["head"] == head
    hub.stop()
