{#- Grain: one customer that does not pay yet, and that a sales rep should call. -#}
with

scores as (

    select
        account_id,
        lead_score,
        has_completed_setup,
        has_active_team,
        is_near_limit,
        has_viewed_pricing,
        is_large
    from {{ ref('lead_scores') }}
    where is_lead

),

contacts as (

    select
        account_id,
        user_id
    from {{ ref('account_contacts') }}

),

owners as (

    select
        account_id,
        rep_id
    from {{ ref('account_owners') }}

),

reps as (

    select
        rep_id,
        rep_name,
        rep_email
    from {{ ref('sales_reps') }}

),

final as (

    select
        scores.account_id,
        contacts.user_id,
        reps.rep_name as owner_name,
        reps.rep_email as owner_email,
        {{ activation.qualified_because({
            'scores.has_completed_setup': 'completed the setup',
            'scores.has_active_team': 'three or more people work in it',
            'scores.is_near_limit': 'uses 80 % or more of a limit',
            'scores.has_viewed_pricing': 'looked at the prices in the last two weeks',
            'scores.is_large': 'has 50 employees or more',
        }) }} as qualified_because,
        scores.lead_score
    from scores
    inner join contacts on scores.account_id = contacts.account_id
    inner join owners on scores.account_id = owners.account_id
    inner join reps on owners.rep_id = reps.rep_id

)

select * from final
