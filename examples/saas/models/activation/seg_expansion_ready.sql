{#- Grain: the contact of one paying customer at the limits of its plan. A larger plan has larger
    limits, so a customer who upgrades leaves. Customers at risk get help first, and no offer. -#}
with

paying as (

    select account_id
    from {{ ref('account_billing') }}
    where
        mrr > 0
        and subscription_status = 'active'

),

contacts as (

    select
        account_id,
        user_id
    from {{ ref('account_contacts') }}

),

at_risk as (

    select user_id
    from {{ ref('seg_churn_risk') }}

),

limit_use as (

    select
        account_id,
        greatest(coalesce(seat_use_percent, 0), coalesce(project_use_percent, 0)) as use_percent,
        {{ activation.value_gate('seat_use_percent', at_least=90) }} as is_short_of_seats,
        {{ activation.value_gate('project_use_percent', at_least=90) }} as is_short_of_projects
    from {{ ref('account_limit_use') }}

),

final as (

    select
        contacts.user_id,
        {{ activation.tier('limit_use.use_percent', {'at the limit': 100, 'near the limit': 0}) }}
            as limit_tier,
        {{ activation.qualified_because({
            'limit_use.is_short_of_seats': 'uses 90 % or more of the seats',
            'limit_use.is_short_of_projects': 'uses 90 % or more of the projects',
        }) }} as qualified_because
    from paying
    inner join limit_use on paying.account_id = limit_use.account_id
    inner join contacts on paying.account_id = contacts.account_id
    left join at_risk on contacts.user_id = at_risk.user_id
    where
        at_risk.user_id is null
        and (limit_use.is_short_of_seats or limit_use.is_short_of_projects)

)

select * from final
