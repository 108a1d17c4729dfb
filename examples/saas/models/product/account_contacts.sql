{#- Grain: one customer, with the person to write to: the owner, else an admin, else who came first.
    Who has left the account is nobody's contact. -#}
with

users as (

    select
        user_id,
        account_id,
        row_number() over (
            partition by account_id
            order by
                case user_role when 'owner' then 1 when 'admin' then 2 else 3 end,
                created_at,
                user_id
        ) as place
    from {{ ref('stg_users') }}
    where is_active

),

final as (

    select
        account_id,
        user_id
    from users
    where place = 1

)

select * from final
