select
    typed,
    {{ activation.normalize_email('typed') }} as email
from {{ ref('inputs') }}
