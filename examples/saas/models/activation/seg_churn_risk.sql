{#- Grain: the contact of one paying customer that may be about to leave.

    Use that falls below half of what was usual makes a customer enter; only use of 80 % again lets
    it leave. Between the two nothing changes, so that nobody goes in and out day by day. -#}
with

paying as (

    select
        account_id,
        subscription_status = 'past_due' as has_failed_payment,
        coalesce(cancels_on > {{ activation.as_of() }}, false) as has_given_notice
    from {{ ref('account_billing') }}
    where mrr > 0

),

contacts as (

    select
        account_id,
        user_id
    from {{ ref('account_contacts') }}

),

activity as (

    select
        account_id,
        seen_on,
        prior_sessions >= 16 and week_sessions * 4 < prior_sessions * 0.5 as is_low,
        week_sessions * 4 >= prior_sessions * 0.8 as is_as_usual
    from {{ ref('account_activity') }}

),

turns as (

    select
        account_id,
        max(case when is_low then seen_on end) as last_low_on,
        max(case when is_as_usual then seen_on end) as last_usual_on
    from activity
    group by account_id

),

tickets as (

    select distinct people.account_id
    from {{ ref('support_tickets') }} as tickets
    inner join {{ ref('stg_users') }} as people on tickets.user_id = people.user_id
    where
        tickets.priority = 'urgent'
        and {{ activation.happened_within('tickets.opened_at', at_least=2) }}
        and coalesce(tickets.solved_at >= {{ activation.as_of_time() }}, true)

),

judged as (

    select
        paying.account_id,
        contacts.user_id,
        coalesce(
            turns.last_low_on is not null
            and (turns.last_usual_on is null or turns.last_usual_on < turns.last_low_on),
            false
        ) as uses_less,
        paying.has_failed_payment,
        paying.has_given_notice,
        tickets.account_id is not null as waits_for_support
    from paying
    inner join contacts on paying.account_id = contacts.account_id
    left join turns on paying.account_id = turns.account_id
    left join tickets on paying.account_id = tickets.account_id

),

final as (

    select
        user_id,
        account_id,
        case
            when has_given_notice or (uses_less and waits_for_support) then 'high'
            else 'medium'
        end as risk_level,
        {{ activation.qualified_because({
            'uses_less': 'uses less than half of what was usual',
            'has_failed_payment': 'the last payment failed',
            'has_given_notice': 'has given notice',
            'waits_for_support': 'has waited for support for two days',
        }) }} as qualified_because
    from judged
    where uses_less or has_failed_payment or has_given_notice or waits_for_support

)

select * from final
