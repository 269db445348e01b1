from django.apps import AppConfig


class MovingConfig(AppConfig):
    name = "scripts.benches.peers.moving"
    label = "moving"
