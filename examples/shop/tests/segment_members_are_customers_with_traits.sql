{#- A member without traits would reach a destination as a bare id that no message can use. -#}
with

members as (

    select customer_id from {{ ref('seg_lapsed_high_value') }}
    union
    select customer_id from {{ ref('seg_second_purchase_due') }}
    union
    select customer_id from {{ ref('seg_high_value_cart_abandoners') }}
    union
    select customer_id from {{ ref('seg_checkout_friction') }}
    union
    select customer_id from {{ ref('seg_survey_followup') }}

),

customers as (

    select customer_id from {{ ref('traits_customers') }}

)

select members.customer_id
from members
left join customers on members.customer_id = customers.customer_id
where customers.customer_id is null
