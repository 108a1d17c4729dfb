select
    identity_id,
    {{ activation.stable_bucket('holdout', 'identity_id') }} as holdout_bucket,
    {{ activation.stable_bucket("it's", 'identity_id') }} as other_bucket
from {{ ref('inputs') }}
