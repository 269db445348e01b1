"""Limits: refused with the limit, the use and the plan that lifts it; never overrun, by however many at once."""

from collections import Counter

import pytest
from django.db import IntegrityError
from django.db.transaction import atomic, set_rollback

from kernel import quotas
from kernel.quotas.models import Quota
from kernel.tenancy import tenant_scope
from tests.support.racing import race, racing


def standing():
    return {row.name: (row.limit, row.used, row.lifted_by) for row in Quota.objects.all()}


def test_taking_and_giving_back_count(academy):
    with tenant_scope(academy):
        quotas.set_limit("students", 10, "Starter")
        quotas.take("students", 7)
        quotas.take("students")
        quotas.give_back("students", 3)
        assert standing() == {"students": (10, 5, "Starter")}
        assert quotas.usage() == [quotas.Use("students", 10, 5, "Starter")]


def test_the_refusal_says_limit_use_and_plan_and_counts_nothing(academy):
    with tenant_scope(academy):
        quotas.set_limit("students", 10, "Starter")
        quotas.take("students", 9)
        with pytest.raises(quotas.QuotaReached) as refusal:
            quotas.take("students", 2)
        assert refusal.value.data == {"quota": "students", "limit": 10, "used": 9, "plan": "Starter"}
        assert (refusal.value.code, refusal.value.status) == ("plans.limit_reached", 409)
        assert standing() == {"students": (10, 9, "Starter")}


def test_what_no_plan_names_is_not_allowed(academy):
    with tenant_scope(academy):
        with pytest.raises(quotas.QuotaReached) as refusal:
            quotas.take("students")
        assert refusal.value.data == {"quota": "students", "limit": 0, "used": 0, "plan": ""}
        with pytest.raises(quotas.FeatureClosed):
            quotas.require("live_classes")
        assert standing() == {}


def test_a_feature_is_open_or_closed(academy):
    with tenant_scope(academy):
        quotas.set_limits({"live_classes": quotas.Limit(1), "campaigns": quotas.Limit(0, "Professional")})
        quotas.require("live_classes")
        with pytest.raises(quotas.FeatureClosed) as refusal:
            quotas.require("campaigns")
        assert refusal.value.data == {"feature": "campaigns", "plan": "Professional"}


def test_a_count_lives_and_dies_with_the_transaction_that_creates(academy):
    with tenant_scope(academy):
        quotas.set_limit("students", 10)
        with atomic():
            quotas.take("students")
            set_rollback(True)
        assert standing() == {"students": (10, 0, "")}


def test_nothing_that_is_not_there_is_given_back(academy):
    with tenant_scope(academy):
        quotas.set_limit("students", 10)
        quotas.take("students")
        with pytest.raises(IntegrityError):
            quotas.give_back("students", 2)
        assert standing() == {"students": (10, 1, "")}


def test_limits_below_the_use_are_refused_with_all_that_exceeds(academy):
    with tenant_scope(academy):
        quotas.set_limits({"students": quotas.Limit(100, "P"), "libraries": quotas.Limit(5, "P"), "x": quotas.Limit(5)})
        quotas.take("students", 51)
        quotas.take("libraries", 2)
        quotas.take("x", 2)
        before = standing()
        with pytest.raises(quotas.UseExceeds) as refusal:
            quotas.set_limits({"students": quotas.Limit(50), "libraries": quotas.Limit(1), "x": quotas.Limit(2)})
        assert refusal.value.data == {
            "exceeding": [
                {"quota": "libraries", "limit": 1, "used": 2},
                {"quota": "students", "limit": 50, "used": 51},
            ]
        }
        assert standing() == before
        quotas.set_limits({"students": quotas.Limit(51, "Q"), "libraries": quotas.Limit(2)})
        assert standing() == {"students": (51, 51, "Q"), "libraries": (2, 2, ""), "x": (5, 2, "")}


def test_limits_of_one_business_are_not_anothers(academy, other_academy):
    with tenant_scope(academy):
        quotas.set_limit("students", 1)
        quotas.take("students")
    with tenant_scope(other_academy):
        assert standing() == {}


def test_thirty_two_racers_take_exactly_what_is_left(academy):
    with tenant_scope(academy):
        quotas.set_limit("students", 15)

    def one(index):
        with tenant_scope(academy), atomic():
            quotas.take("students")
            return "taken"

    with racing(32) as round_of:
        for round_ in range(20):
            with tenant_scope(academy):
                quotas.take("students", 5)
            assert round_of(one) == Counter({"taken": 10, quotas.QuotaReached: 22}), round_
            with tenant_scope(academy):
                assert standing() == {"students": (15, 15, "")}
                quotas.give_back("students", 15)


def test_a_racing_downgrade_never_leaves_more_used_than_allowed(academy):
    with tenant_scope(academy):
        quotas.set_limit("students", 32)

    def one(index):
        with tenant_scope(academy):
            if index == 0:
                quotas.set_limit("students", 10)
                return "lowered"
            with atomic():
                quotas.take("students")
            return "taken"

    outcomes = race(32, one)
    with tenant_scope(academy):
        limit, used, _ = standing()["students"]
    assert used == outcomes["taken"] <= limit
    assert (limit == 10) == (outcomes["lowered"] == 1)
