"""What a person may rely on of alerts: how long an acknowledgement holds, and after what time it is told again."""

REPEAT_SECONDS = 6 * 3600.0
"""After so long a message about an alert that goes on happening is due again."""
ACKNOWLEDGED_SECONDS = 24 * 3600.0
"""An acknowledgement holds so long."""
