{#- Grain: one open cart and the customer who filled it. -#}
with

carts as (

    select
        cart_id,
        customer_id
    from {{ ref('open_carts') }}

),

final as (

    select
        cart_id,
        customer_id,
        'owner' as cart_role
    from carts

)

select * from final
