{#- Grain: one person who was asked, with what they agreed to. -#}
select
    cast(person_id as varchar) as person_id,
    email_opt_in,
    sms_opt_in
from {{ ref('agreements') }}
