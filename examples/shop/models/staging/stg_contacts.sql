{#- Grain: one customer who has bought by as_of, with an e-mail address as it was typed in. -#}
with

purchases as (

    select
        customer_id,
        {{ activation.stable_bucket('typing', 'customer_id') }} as bucket
    from {{ ref('stg_purchases') }}
    group by customer_id

),

final as (

    select
        customer_id,
        case
            when bucket < 100 then null
            when bucket < 200 then 'unknown'
            when bucket < 1000 then ' ' || upper(customer_id) || '@Example.com '
            else customer_id || '@example.com'
        end as typed_email
    from purchases

)

select * from final
