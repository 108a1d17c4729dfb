select
    typed,
    {{ activation.normalize_phone('typed') }} as phone,
    {{ activation.normalize_phone('typed', bare_digits=true) }} as bare
from {{ ref('inputs') }}
