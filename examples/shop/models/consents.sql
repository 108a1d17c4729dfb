{#- Grain: one customer and what they agreed to. -#}
with

customers as (

    select customer_id
    from {{ ref('traits_customers') }}

),

final as (

    select
        customer_id,
        {{ activation.stable_bucket('email opt-in', 'customer_id') }} < 8000 as email_opt_in
    from customers

)

select * from final
