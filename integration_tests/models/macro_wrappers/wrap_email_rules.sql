select
    typed,
    {{ activation.normalize_email('typed', drop_plus=true) }} as without_plus,
    {{ activation.normalize_email('typed', drop_plus=['gmail.com', 'example.com'],
        drop_dots=['gmail.com']) }} as by_domain
from {{ ref('inputs') }}
