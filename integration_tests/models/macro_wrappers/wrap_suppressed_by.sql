select
    identity_id,
    {{ activation.suppressed_by('identity_id', ref('opt_outs'), key='person_id') }} as by_one,
    {{ activation.suppressed_by(
        'inputs.identity_id', [ref('opt_outs'), ref('people')], key='person_id'
    ) }} as by_any,
    {{ activation.suppressed_by(
        'identity_id', ref('people'), key='person_id', until='trial_ends_on'
    ) }} as for_a_time
from {{ ref('inputs') }} as inputs -- noqa: AL05
