with

days as (

    {{ activation._holdout_days(activation._measured_holdouts()) }}

)

select
    {{ activation._typed_columns(activation._measurement_columns('holdout_days')) }}
from days
