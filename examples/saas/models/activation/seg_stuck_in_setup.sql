{#- Grain: the contact of one new customer whose setup has stood still for three days. -#}
with

contacts as (

    select
        account_id,
        user_id
    from {{ ref('account_contacts') }}

),

setup as (

    select
        account_id,
        setup_step,
        {{ activation.happened_within('created_at', 29) }} as is_new,
        {{ activation.happened_within('step_since', at_least=3) }} as is_stuck,
        {{ activation.happened_within('step_since', at_least=7) }} as is_stuck_for_a_week
    from {{ ref('account_setup') }}
    where setup_step <> 'done'

),

final as (

    select
        contacts.user_id,
        setup.setup_step as stuck_step,
        {{ activation.qualified_because({
            'setup.is_stuck': 'no progress for 3 days',
            'setup.is_stuck_for_a_week': 'no progress for a week',
        }) }} as qualified_because
    from setup
    inner join contacts on setup.account_id = contacts.account_id
    where
        setup.is_new
        and setup.is_stuck

)

select * from final
