{#- Grain: a code with which rows of a sync were refused on a day. -#}
with

deliveries as (

    {{ activation._log(
        source('activation_state', 'deliveries'),
        texts=['sync', 'identity', 'outcome', 'code'],
        moments=['delivered_at']
    ) }}

),

answers as (

    select
        sync,
        identity,
        coalesce(code, '(none)') as code,
        outcome in ('rejected', 'rejected_partial') as is_refused,
        cast(delivered_at as date) as day
    from deliveries
    where
        outcome in ('delivered', 'rejected', 'rejected_partial')
        and delivered_at < {{ activation.as_of_time() }}

),

sums as (

    select
        sync,
        day,
        count(distinct identity) as answered_identities,
        count(distinct case when is_refused then identity end) as refused_identities
    from answers
    group by sync, day

),

codes as (

    select
        sync,
        code,
        day,
        count(*) as answers,
        count(distinct identity) as identities,
        lag(day) over (
            partition by sync, code
            order by day
        ) as day_before
    from answers
    where is_refused
    group by sync, code, day

),

measured as (

    select
        codes.sync,
        codes.code,
        codes.day,
        codes.answers,
        codes.identities,
        sums.refused_identities,
        sums.answered_identities,
        {{ activation._as_double('sums.refused_identities') }}
        / sums.answered_identities as refused_share,
        coalesce(
            {{ dbt.datediff('codes.day_before', 'codes.day', 'day') | trim }} > 28, true
        ) as is_new
    from codes
    inner join sums on codes.sync = sums.sync and codes.day = sums.day

),

final as (

    select
        sync,
        code,
        day,
        {{ activation._as_text("case
            when refused_share > 0.05 or (is_new and identities >= 5) then 'alarm'
            else 'usual'
        end") }} as verdict,
        answers,
        identities,
        refused_identities,
        answered_identities,
        refused_share,
        is_new
    from measured

)

select * from final
