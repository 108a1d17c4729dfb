select
    identity_id,
    {{ activation.usage_window('happened_on') }} as asked_when,
    {{ activation.days_since('happened_at') }} as days_ago,
    {{ activation.happened_within('happened_at', 30) }} as in_a_month,
    {{ activation.happened_within('happened_at', at_least=30) }} as before_a_month,
    {{ activation.happened_within('happened_at', 72, 4, unit='hours') }} as in_hours,
    {{ activation.in_usage_window('happened_on') }} as is_asked,
    {{ activation.as_of_time(hours_ago=1) }} as an_hour_ago
from {{ ref('inputs') }}
