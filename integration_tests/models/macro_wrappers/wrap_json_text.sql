select
    identity_id,
    {{ activation.json_text('typed', 'plain') }} as outer_value,
    {{ activation.json_text('typed', ['outer', 'in.n er']) }} as inner_value
from {{ ref('inputs') }}
