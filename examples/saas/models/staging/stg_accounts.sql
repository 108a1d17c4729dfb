{#- Grain: one customer that exists by as_of. Our own accounts are none. -#}
with

accounts as (

    select
        account_id,
        account_name,
        employee_count,
        is_internal,
        created_at
    from {{ ref('accounts') }}

),

final as (

    select
        account_id,
        account_name,
        employee_count,
        created_at
    from accounts
    where
        not is_internal
        and created_at < {{ activation.as_of_time() }}

)

select * from final
