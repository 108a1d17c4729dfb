{#- Grain: one person who has signed up by as_of, in an account that is a customer's. -#}
with

users as (

    select
        user_id,
        account_id,
        typed_email,
        role,
        created_at,
        deactivated_at
    from {{ ref('users') }}
    where created_at < {{ activation.as_of_time() }}

),

accounts as (

    select account_id
    from {{ ref('stg_accounts') }}

),

final as (

    select
        users.user_id,
        users.account_id,
        {{ activation.normalize_email('users.typed_email') }} as email,
        users.role as user_role,
        coalesce(users.deactivated_at >= {{ activation.as_of_time() }}, true) as is_active,
        users.created_at
    from users
    inner join accounts on users.account_id = accounts.account_id

)

select * from final
