"""Reads of files, cut to the caller's own and to those their permissions open."""

from django.db.models import Q, QuerySet, Sum

from kernel.http.actor import Actor

from .models import File


def files_visible(actor: Actor) -> QuerySet[File]:
    """The files this caller may read: their own, and those of a permission they hold."""
    theirs = Q(permission__in=actor.permissions)
    if actor.user_id is not None:
        theirs |= Q(owner=actor.user_id)
    return File.objects.filter(theirs)


def bytes_stored() -> int:
    """What the business's files take together."""
    return int(File.objects.aggregate(bytes=Sum("size", default=0))["bytes"])
