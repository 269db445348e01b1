"""Every way accounts says no."""

from kernel.errors import DomainError


class Unauthenticated(DomainError):
    """Base of the refusals that a new sign-in cures."""

    status = 401
    headers = {"WWW-Authenticate": 'Bearer realm="api"'}


class TokenInvalid(Unauthenticated):
    """Not a token of this business, of this use, or altered; which of them is not told."""

    code = "accounts.token_invalid"
    title = "This token is not valid here"
    action = "Sign in on this address."


class TokenExpired(Unauthenticated):
    """The token was good and its time is over."""

    code = "accounts.token_expired"
    title = "This token has expired"
    action = "Refresh it, or sign in again."


class SignedOut(Unauthenticated):
    """The sign-in behind the token was ended, on this device or from another."""

    code = "accounts.signed_out"
    title = "You have been signed out"
    action = "Sign in again."


class CredentialsWrong(Unauthenticated):
    """Unknown e-mail, wrong password, or someone who may not sign in; which of them is not told."""

    code = "accounts.credentials_wrong"
    title = "E-mail or password is wrong"
    action = "Check both, or ask for a new password."


class FactorNeeded(Unauthenticated):
    """This person signs in with a second factor, and none was given."""

    code = "accounts.factor_needed"
    title = "A code of your authenticator app is needed too"
    action = "Send it as `second_factor`: the app's six digits, or a recovery code."


class FactorWrong(Unauthenticated):
    """Not a code of this person's, or one that was used already; which of them is not told."""

    code = "accounts.factor_wrong"
    title = "That code is not right"
    action = "Wait for the app's next code, or give an unused recovery code."


class FactorOn(DomainError):
    """This person has a second factor already."""

    code = "accounts.factor_on"
    status = 409
    title = "The second factor is on"
    action = "Turn it off by a code first, then enrol anew."


class FactorAbsent(DomainError):
    """This person has no second factor, or has not asked for one to confirm."""

    code = "accounts.factor_absent"
    status = 409
    title = "There is no second factor"
    action = "Enrol first."


class Wait(DomainError):
    """Base of the refusals that time cures; `retry_after`, also in the header Retry-After, is in seconds."""

    status = 429

    def __init__(self, *, retry_after: int) -> None:
        super().__init__(retry_after=retry_after)
        self.headers = {"Retry-After": str(retry_after)}


class LoginLocked(Wait):
    """Too many wrong passwords for one e-mail address."""

    code = "accounts.login_locked"
    title = "Too many wrong passwords"
    action = "Wait, or ask for a new password."


class FactorLocked(Wait):
    """Too many wrong codes for one person's second factor."""

    code = "accounts.factor_locked"
    title = "Too many wrong codes"
    action = "Wait, then give the app's present code."


class OtpTooSoon(Wait):
    """A code or link was sent to this address moments ago."""

    code = "accounts.otp_too_soon"
    title = "One was sent a moment ago"
    action = "Wait until the time is over, then ask for another."


class OtpTooMany(Wait):
    """The codes or links of this hour or day are used up: for the address, the network, or everyone here."""

    code = "accounts.otp_too_many"
    title = "Too many were asked for"
    action = "Wait until the time is over, then ask for another."


class OtpWrong(Unauthenticated):
    """The code does not match; `tries_left` says how often one may still try."""

    code = "accounts.otp_wrong"
    title = "That code is not right"
    action = "Type the code from the latest message."


class OtpVoid(Unauthenticated):
    """No code is live: never sent, used, expired, or tried three times."""

    code = "accounts.otp_void"
    title = "This code can no longer be used"
    action = "Ask for a new code."


class ProfileUnknown(DomainError):
    """The profile is not one of those the person may act for."""

    code = "accounts.profile_unknown"
    status = 422
    title = "That profile is not yours to choose"
    action = "Choose one of the profiles in the answer to the code."


class SelectionUsed(Unauthenticated):
    """The choice was made already, or a newer code was asked for."""

    code = "accounts.selection_used"
    title = "This choice was already made"
    action = "Ask for a new code."


class PasswordWeak(DomainError):
    """The password is short, common, all digits or too like the person's own data."""

    code = "accounts.password_weak"
    status = 422
    title = "That password is too easy to guess"
    action = "Use twelve characters or more that nobody would guess."


class LinkVoid(DomainError):
    """The link from the message was used, has expired, or was never ours."""

    code = "accounts.link_void"
    status = 410
    title = "This link can no longer be used"
    action = "Ask for a new one."


class EmailTaken(DomainError):
    """Someone here signs in with that e-mail address: `user` is their id."""

    code = "accounts.email_taken"
    status = 409
    title = "That e-mail address is in use"
    action = "Give that person the roles, or use another address."


class PhoneTaken(DomainError):
    """Someone here signs in with that phone number: `user` is their id, perhaps a parent who is to work here too."""

    code = "accounts.phone_taken"
    status = 409
    title = "That phone number is in use"
    action = "Give that person the roles, or use another number."


class RoleUnknown(DomainError):
    """There is no such role on this host."""

    code = "accounts.role_unknown"
    status = 422
    title = "There is no such role"
    action = "Choose one from the list of roles."


class RolesUneven(DomainError):
    """One person's roles name different branches: together they would reach further than each alone."""

    code = "accounts.roles_uneven"
    status = 422
    title = "Someone's roles all hold in the same branches"
    action = "Name the same branches with each role, or none for all."


class RoleAboveYours(DomainError):
    """Only who holds the highest role gives it, takes it away, or changes someone who has it."""

    code = "accounts.role_above_yours"
    status = 403
    title = "That needs a higher role than yours"
    action = "Ask someone who holds the highest role."


class LastOwner(DomainError):
    """Without this person nobody would hold the highest role any more."""

    code = "accounts.last_owner"
    status = 409
    title = "Someone must keep the highest role"
    action = "Give the role to someone else first."


class NotYourself(DomainError):
    """Nobody deactivates themselves or changes their own roles."""

    code = "accounts.not_yourself"
    status = 409
    title = "You cannot do this to yourself"
    action = "Ask a colleague."


class OwnerAbsent(DomainError):
    """No owner of this business has come in yet, so there is nobody in whose place to act."""

    code = "accounts.owner_absent"
    status = 409
    title = "Its owner has not come in yet"
    action = "Wait until the owner has accepted the invitation."
