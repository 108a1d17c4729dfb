with

strata as (

    select * from {{ ref('activation__lift_strata') }}

),

people as (

    select * from {{ ref('activation__holdout_people') }}

),

days as (

    select * from {{ ref('activation__holdout_days') }}

),

results as (

    {{ activation._lift('strata') }}

),

verdicts as (

    {{ activation._lift_verdicts('results', 'people', 'days', activation._measured_holdouts()) }}

)

select
    {{ activation._typed_columns(activation._measurement_columns('lift')) }}
from verdicts
