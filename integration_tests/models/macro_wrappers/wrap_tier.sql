select
    score,
    {{ activation.tier('score', {'silver': 10, 'gold': 100}) }} as medal,
    {{ activation.tier('score', {'high': 9.5, "won't": -1}, otherwise="can't") }} as mood
from {{ ref('inputs') }}
