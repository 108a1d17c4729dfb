select
    identity_id,
    {{ activation.suppressed_by('identity_id', ref('opt_outs'), key='person_id') }} as by_one,
    {{ activation.suppressed_by(
        'inputs.identity_id', [ref('opt_outs'), ref('people')], key='person_id'
    ) }} as by_any
from {{ ref('inputs') }} as inputs -- noqa: AL05
