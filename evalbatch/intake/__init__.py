"""What lies in the inbox -> arrivals, and the bureau's roster; reads names, sizes and times, no figures."""

from evalbatch.intake.arrivals import Arrival, InboxError, find_arrivals
from evalbatch.intake.roster import Department, Roster, RosterError, read_roster

__all__ = ["Arrival", "Department", "InboxError", "Roster", "RosterError", "find_arrivals", "read_roster"]
