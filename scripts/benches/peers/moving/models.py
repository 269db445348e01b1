"""The table the measured migrations change; what they add is in the migrations alone."""

from django.db import models


class Item(models.Model):
    title = models.CharField(max_length=80)
    number = models.IntegerField()

    def __str__(self) -> str:
        return self.title
