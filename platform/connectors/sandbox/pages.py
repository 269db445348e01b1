"""The hosted checkout pages: plain forms a browser or an HTTP client can fill in."""

from html import escape

from starlette.responses import HTMLResponse

from kernel.money import display

# What a payer can do, by the words of the form.
OUTCOMES = {"success": "Pay", "failure": "Fail the payment", "drop": "Leave without paying"}

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;margin:3rem auto;max-width:26rem;padding:0 1rem}}
button{{display:block;width:100%;margin:.5rem 0;padding:.75rem;font:inherit}}</style></head>
<body>{body}</body></html>
"""


def checkout(*, vendor: str, action: str, fields: dict[str, str], reference: str, amount_paise: int) -> HTMLResponse:
    """The page where the payer chooses. The form posts `outcome` and `fields` to `action`."""
    buttons = "".join(
        f'<button type="submit" name="outcome" value="{value}">{escape(label)}</button>'
        for value, label in OUTCOMES.items()
    )
    body = (
        f"<h1>{escape(vendor)} test checkout</h1><p>Order <b>{escape(reference)}</b></p>"
        f'<p id="amount">{escape(display(amount_paise))}</p>'
        f'<form id="checkout" method="post" action="{escape(action)}">{_hidden(fields)}{buttons}</form>'
    )
    return HTMLResponse(_PAGE.format(title=f"{escape(vendor)} test checkout", body=body))


def post_on(*, action: str, fields: dict[str, str]) -> HTMLResponse:
    """A page that at once posts `fields` to `action` through the payer's browser; a button where scripts are off."""
    body = (
        f'<form id="return" method="post" action="{escape(action)}">{_hidden(fields)}'
        '<button type="submit">Return to the shop</button></form><script>document.forms[0].submit()</script>'
    )
    return HTMLResponse(_PAGE.format(title="Returning", body=body))


def message(text: str, status: int = 200) -> HTMLResponse:
    """A page that only says something."""
    return HTMLResponse(_PAGE.format(title=escape(text), body=f"<p>{escape(text)}</p>"), status_code=status)


def _hidden(fields: dict[str, str]) -> str:
    return "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields.items()
    )
