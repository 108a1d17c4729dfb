{{ config(
    materialized='incremental',
    unique_key='account_id',
    on_schema_change='fail',
    full_refresh=false
) }}
{#- Grain: one account that has ever been a lead, with the sales rep who owns it. The next account
    goes to the next rep in turn, and keeps that rep for as long as the rep is there, whatever
    becomes of the score or of the team. So this table is the memory of who owns what: it is added
    to, and `--full-refresh` leaves it alone. -#}
with

leads as (

    select account_id
    from {{ ref('lead_scores') }}
    where is_lead

),

reps as (

    select
        rep_id,
        row_number() over (order by rep_id) as place,
        count(*) over () as rep_count
    from {{ ref('sales_reps') }}
    where
        joined_on <= {{ activation.as_of() }}
        and coalesce(left_on > {{ activation.as_of() }}, true)

),

owned as (

    {% if is_incremental() -%}
        select
            account_id,
            rep_id,
            turn
        from {{ this }}
    {%- else -%}
        select
            account_id,
            cast(null as varchar) as rep_id,
            0 as turn
        from leads
        where false
    {%- endif %}

),

candidates as (

    select account_id
    from leads
    union
    select account_id
    from owned

),

kept as (

    select owned.account_id
    from owned
    inner join reps on owned.rep_id = reps.rep_id

),

last_turn as (

    select coalesce(max(turn), 0) as turn
    from owned

),

unowned as (

    select
        candidates.account_id,
        last_turn.turn + row_number() over (order by candidates.account_id) as turn
    from candidates
    cross join last_turn
    left join kept on candidates.account_id = kept.account_id
    where kept.account_id is null

),

final as (

    select
        unowned.account_id,
        reps.rep_id,
        cast(unowned.turn as integer) as turn,
        {{ activation.as_of() }} as owned_since
    from unowned
    inner join reps on mod(unowned.turn - 1, reps.rep_count) = reps.place - 1

)

select * from final
