"""What lies in the inbox -> arrivals, and what the bureau itself supplies: roster and prefill."""

from evalbatch.intake.arrivals import Arrival, InboxError, find_arrivals, local_time
from evalbatch.intake.prefill import Prefill, PrefillError, read_prefill
from evalbatch.intake.reviews import Reviews, ReviewsError, read_reviews
from evalbatch.intake.roster import Department, Roster, RosterError, read_roster

__all__ = [
    "Arrival",
    "Department",
    "InboxError",
    "Prefill",
    "PrefillError",
    "Reviews",
    "ReviewsError",
    "Roster",
    "RosterError",
    "find_arrivals",
    "local_time",
    "read_prefill",
    "read_reviews",
    "read_roster",
]
