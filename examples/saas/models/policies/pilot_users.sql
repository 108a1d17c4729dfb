{#- Grain: one person in an account that tries new messages first. -#}
with

users as (

    select
        user_id,
        account_id
    from {{ ref('stg_users') }}
    where is_active

),

pilots as (

    select account_id
    from {{ ref('pilot_accounts') }}

),

final as (

    select users.user_id
    from users
    inner join pilots on users.account_id = pilots.account_id

)

select * from final
