with

known as (

    {{ activation.identity_map(ref('inputs'), 'anonymous_id', 'identity_id', 'happened_at') }}

),

final as (

    {{ activation.identified(ref('inputs'), 'anonymous_id', 'identity_id', 'known') }}

)

select
    happening,
    anonymous_id,
    known_as
from final
