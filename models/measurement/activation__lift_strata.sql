with

tallies as (

    {{ activation._lift_tallies(ref('activation__holdout_people')) }}

),

strata as (

    {{ activation._lift_strata('tallies') }}

)

select
    {{ activation._typed_columns(activation._measurement_columns('lift_strata')) }}
from strata
