{#- Grain: one open cart. -#}
with

carts as (

    select
        cart_id,
        platform,
        furthest_step,
        item_count,
        cart_value,
        opened_at,
        touched_at
    from {{ ref('open_carts') }}

),

final as (

    select
        cart_id,
        platform,
        furthest_step,
        item_count,
        cart_value as estimated_value,
        opened_at,
        touched_at
    from carts

)

select * from final
