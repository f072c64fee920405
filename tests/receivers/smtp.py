"""A mail server: aiosmtpd. Prints one JSON object for each thing that happens.

python3 smtp.py CERTIFICATE KEY starttls|implicit|plain: signs in push@acme.example with "correct horse", and takes no mail
of anybody else, but for plain.
"""

import asyncio, json, ssl, sys
from aiosmtpd.smtp import SMTP, AuthResult

context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(sys.argv[1], sys.argv[2])
manner = sys.argv[3]


def say(**what):
    print(json.dumps(what), flush=True)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 no such receiver"
        if address.startswith("later@"):
            return "450 come again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        say(
            event="mail",
            sender=envelope.mail_from,
            receivers=envelope.rcpt_tos,
            encrypted=session.ssl is not None or manner == "implicit",
            user=session.auth_data and session.auth_data.login.decode(),
            text=envelope.content.decode(),
        )
        return "250 taken"


def sign_in(server, session, envelope, mechanism, data):
    good = (data.login, data.password) == (b"push@acme.example", b"correct horse")
    return AuthResult(success=good, handled=False, auth_data=data)


def protocol():
    safe = manner != "plain"
    return SMTP(
        Handler(),
        tls_context=context if manner == "starttls" else None,
        require_starttls=manner == "starttls",
        authenticator=sign_in,
        auth_required=safe,
        auth_require_tls=manner == "starttls",
    )


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=context if manner == "implicit" else None)
    say(event="ready", port=server.sockets[0].getsockname()[1])
    await server.serve_forever()


asyncio.run(main())
