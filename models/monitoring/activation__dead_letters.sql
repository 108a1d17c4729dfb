{#- Grain: a cause for which rows of a sync are refused or invalid now. -#}
with

dead_letters as (

    {{ activation._log(
        source('activation_state', 'dead_letters'),
        texts=['sync', 'code', 'reason'],
        numbers=['model_rows', 'attempts'],
        moments=['first_rejected_at', 'last_rejected_at']
    ) }}

),

final as (

    select
        sync,
        coalesce(code, '(none)') as code,
        coalesce(reason, '(none)') as reason,
        cast(sum(model_rows) as bigint) as row_count,
        count(*) as identities,
        max(attempts) as most_attempts,
        min(first_rejected_at) as first_rejected_at,
        max(last_rejected_at) as last_rejected_at
    from dead_letters
    group by sync, coalesce(code, '(none)'), coalesce(reason, '(none)')

)

select * from final
