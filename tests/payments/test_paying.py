"""Asking for money and getting it: routed, opened, paid, settled once, with a receipt."""

from kernel import jobs
from tests.payments.conftest import Till
from tests.support.days import receipt_of


def test_a_payment_settles(asha: Till) -> None:
    payment = asha.ask(150_000)
    assert (payment.state, payment.gateway, payment.saved_paise) == ("pending", "cashfree", 531)
    [attempt] = asha.attempts(payment)
    assert (attempt.state, attempt.seq) == ("open", 1)
    asha.pay(payment)
    paid = asha.refresh(payment)
    assert (paid.state, paid.receipt) == ("paid", receipt_of(1))
    assert asha.last(payment).state == "succeeded"
    books = asha.books()
    assert (books.settled, books.receipts, books.difference) == (150_000, 150_000, 0)
    jobs.drain()
