"""Every way the ledger says no."""

from kernel.errors import DomainError


class LedgerShort(DomainError):
    """The debited account has less than the transfer takes; `needed` and `available` are in the account's unit."""

    code = "ledger.short"
    status = 409
    title = "There is not enough in the account"
    action = "Add to the account, or move less."


class KeyReused(DomainError):
    """The key stands for another transfer already; nothing was moved."""

    code = "ledger.key_reused"
    status = 409
    title = "This key was used for something else"
    action = "Send a new key with a new request."
