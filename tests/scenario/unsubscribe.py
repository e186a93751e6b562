"""Who follows the link of a mail gets no more: by his mail program's one click, or by the page and its button; looking
at the page changes nothing.  What he answers to a survey comes back by the token of his mail, too."""
import json
import re
import shutil
import subprocess
import sys
import time

from lib import BIN, PATIENCE_S, Hub, event, running, until
from mail_server import Mailbox, certificate, consent, order, serving
from website_site import SECRET, Site, signed

if shutil.which("curl") is None:
    print("skipped: curl is not installed")
    sys.exit(77)

HOST = "www.example.com"
ONE_CLICK = ("-F", "List-Unsubscribe=One-Click")  # multipart/form-data, as RFC 8058 would have it
CAMPAIGNS = {"spring": "marketing", "summer": "marketing", "poll": "research"}

with certificate(HOST, f"DNS:{HOST}") as certs, Hub() as hub, serving(Mailbox()) as box:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    shop = hub.peer("shop", roles="producer", sources="/site", types="website.>",
                    assurance="verified", region="CN")
    peer = hub.peer("marketing", roles="producer, consumer", sources="/carehub/marketing",
                    types="marketing.>", topics=">")
    site = Site(hub, website__certificate=certs / "cert.pem", website__certificate_key=certs / "key.pem",
                unsubscribe__source="urn:links", unsubscribe__name="明远客户服务")
    key, old_key = (site.secret_file(name, f"the tokens' secret, {name}") for name in ("new", "old"))
    site.settings["unsubscribe__key_files"] = f"{old_key}, {key}"
    site.sender("web", secret=SECRET)
    config, folder = hub.root / "marketing.conf", hub.root / "campaigns"
    folder.mkdir()
    (hub.root / "segments.conf").write_text("[segment buyers]\nwhere = frequency(3650d) >= 1\n")
    for name, purpose in CAMPAIGNS.items():
        (folder / f"{name}.conf").write_text(
            f"[campaign]\nsegment = buyers\npurpose = {purpose}\nchannel = email\ntext = text.txt\n"
            f"answer_link = https://{HOST}/answer?t=\n" +
            ("[survey]\nid = q1\nwave = w1\n" if purpose == "research" else ""))
    (folder / "text.txt").write_text("Subject: x\n\n{{answer}}\n{{unsubscribe}}\n")
    hub.start()
    config.write_text(
        f"[hub]\nendpoint = {hub.address}\nserver_key = {hub.server_key}\nkey_file = {peer.key_file}\n"
        f"[module]\nbook = {hub.root}/book\n"
        f"[segments]\ndefinitions = {hub.root}/segments.conf\ncurrency = CNY\nzone = UTC\n"
        f"[campaigns]\nfolder = {folder}\ntoken_key_file = {key}\n"
        f"unsubscribe_link = https://{HOST}/unsubscribe?t=\n"
        f"[mail]\nhost = 127.0.0.1\nport = {box.port}\ntls = none\nfrom = care@example.com\na_minute = 0\n")
    hub.run(shop, "publish", input="".join(
        [order(n) for n in range(11, 15)] + [consent(n, "given", f"{purpose}{n}", purpose)
                                           for n in range(11, 15) for purpose in ("MARKETING", "RESEARCH")]))

    def campaign(*words):
        return subprocess.run([BIN / "carehub-marketing", "campaigns", *words, "--config", config],
                              capture_output=True, text=True, timeout=PATIENCE_S).stdout

    def send(name):
        """To everybody who may be written to; over when it says so."""
        until(lambda: re.search(r"in the segment +4\n", campaign("plan", name)))
        campaign("run", name)
        until(lambda: re.search(r"\bended\b", campaign("report", name)))

    def curl(link, *words):
        """Status and text; the name is the mail's, the port ours."""
        done = subprocess.run(["curl", "-sS", "--cacert", certs / "cert.pem", "--connect-to",
                               f"{HOST}:443:127.0.0.1:{site.port}", "-w", "\n%{http_code}", *words, link],
                              capture_output=True, text=True, timeout=PATIENCE_S, check=True)
        text, _, status = done.stdout.rpartition("\n")
        return int(status), text

    def link(n, mail=0):
        return re.fullmatch(r"<(https://.*)>", box.to(f"c{n}@example.org")[mail]["List-Unsubscribe"])[1]

    def survey():
        report = json.loads(campaign("report", "poll", "--json"))
        return next(t["rows"][0] for s in report["sections"] for t in s["parts"] if t.get("table") == "survey")

    def said():
        return [e["event"]["data"] for e in hub.ask(ops, "find", "--type", "website.message.unsubscribed")]

    def withdrawn():
        return int(hub.ask(ops, "find", "--count", "--type", "marketing.consent.withdrawn")[0]["matched"])

    with site, running([BIN / "carehub-marketing", "run", "--config", config]):
        send("spring")
        assert [len(box.to(f"c{n}@example.org")) for n in range(11, 15)] == [1, 1, 1, 1]

        # A scanner follows every link: nothing comes of it.
        for n in range(11, 15):
            status, page = curl(link(n))
            assert status == 200 and "<button" in page and "明远客户服务" in page, page
            assert curl(link(n), "-I")[0] == 200
        assert "No more messages like this?" in curl(link(11), "-H", "Accept-Language: en-GB,en;q=0.9")[1]
        assert curl(link(11), "-d", "")[0] == 400  # a post that does not say so
        assert said() == []

        # One click of a mail program, twice since its answer was lost; and the page's button.
        for _ in range(2):
            status, page = curl(link(11), *ONE_CLICK)
            assert status == 200 and "<button" not in page, page
        assert curl(link(12), "-d", "lang=en&confirm=yes")[1].count("We have stopped") == 2
        until(lambda: withdrawn() >= 2)
        told = {e["token"]: e["oneClick"] for e in said()}
        assert told == {link(11)[-64:]: "ANSWER_YES", link(12)[-64:]: "ANSWER_NO"}, told
        assert len(said()) <= 3  # the second of the two ten seconds later

        # What is no good token: cut by a mail program, guessed, none at all.
        for wrong, code in ((link(13)[:-1], 400), (link(13)[:-32] + "0" * 32, 410),
                            (link(13)[:-64], 400), (link(13) + "&t=1", 400)):
            assert curl(wrong)[0] == code and curl(wrong, *ONE_CLICK)[0] == code, wrong
        codes = {curl(link(13)[:-1])[0] for _ in range(40)}
        assert codes == {400, 429}, codes
        assert curl(link(13))[0] == 200  # his own link is good all the same
        assert len(told) == 2 and withdrawn() <= 3

        # The next campaign passes both by; other purposes are as they were.
        send("summer")
        send("poll")
        assert [len(box.to(f"c{n}@example.org")) for n in range(11, 15)] == [2, 2, 3, 3]

        # The site's questionnaire, opened by the link of the mail, posts what was answered.
        answer = re.search(rf"https://{HOST}/answer\?t=([0-9a-f]{{64}})", box.to("c13@example.org")[2].get_content())[1]
        headers, body = signed(SECRET, "a1", {"type": "website.survey.answered", "data": {
            "surveyId": "q1", "wave": "w1", "responseId": answer, "answers": [
                {"questionId": "price", "satisfaction": "SATISFACTION_SATISFIED"}]}})
        words = [word for item in headers.items() for word in ("-H", ": ".join(item))]
        status, text = curl(f"https://{HOST}/webhooks", *words, "--data-binary", body)
        assert (status, json.loads(text)["outcome"]) == (200, "accepted"), text
        until(lambda: survey()["answered"]["part"] == 1)
        assert survey()["unknown"] == 0

        # He agrees again, and says no by his oldest mail; what is said twice in ten seconds is said once.
        hub.run(shop, "publish", input=consent(11, "given", "again", "MARKETING"))
        before = withdrawn()
        time.sleep(10 - time.time() % 10)
        assert curl(link(11), *ONE_CLICK)[0] == 200
        until(lambda: withdrawn() > before)
        assert {c["scope"]["purpose"]: c["granted"] for c in
                hub.ask(ops, "customer", "c11@example.org")[0]["customer"]["consents"]} == {
            "CONSENT_PURPOSE_MARKETING": "ANSWER_NO", "CONSENT_PURPOSE_RESEARCH": "ANSWER_YES"}
    hub.stop()
