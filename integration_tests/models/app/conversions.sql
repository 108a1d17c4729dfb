{#- Grain: one trial that became a subscription. -#}
select
    cast(person_id as varchar) as person_id,
    cast(seats as integer) as seats,
    cast(trial_ends_on as timestamp) as converted_at
from {{ ref('people') }}
where seats >= 10
