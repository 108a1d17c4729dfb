select
    identity_id,
    {{ activation.qualified_because({'is_big': "it's big", 'is_new': 'new'}, separator=' & ') }}
        as because
from {{ ref('inputs') }}
