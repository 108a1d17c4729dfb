select
    identity_id,
    {{ activation.as_of() }} as seen_from
from {{ ref('inputs') }}
