{#- Grain: an acknowledged change of a sync, by the number of its plan and its number in that.

    A sync that was moved to another name has its log under the new one: its rows here are replaced,
    which is why the sync is no part of the key. A sync that was retired is recorded no more when its
    last exits are taken in: its kind is that of its rows here. -#}
with

deliveries as (

    {{ activation._log(
        source('activation_state', 'deliveries'),
        texts=['run_id', 'sync', 'identity', 'op', 'cause', 'reason', 'outcome'],
        numbers=['epoch', 'seq'],
        moments=['delivered_at']
    ) }}

),

syncs as (

    {{ activation._log(source('activation_state', 'syncs'), texts=['sync', 'kind']) }}

),

kinds as (

    select
        sync,
        kind
    from syncs
    {%- if is_incremental() %}
    union all
    select
        stored.sync,
        max(stored.kind) as kind
    from {{ this }} as stored
    left join syncs on stored.sync = syncs.sync
    where syncs.sync is null
    group by stored.sync
    {%- endif %}

),

final as (

    select
        deliveries.run_id,
        deliveries.sync,
        kinds.kind,
        deliveries.identity,
        deliveries.op,
        deliveries.cause,
        deliveries.reason,
        deliveries.epoch,
        deliveries.seq,
        deliveries.delivered_at
    from deliveries
    inner join kinds on deliveries.sync = kinds.sync
    {%- if is_incremental() %}
    left join {{ this }} as stored
        on
            deliveries.sync = stored.sync
            and deliveries.epoch = stored.epoch
            and deliveries.seq = stored.seq
    {%- endif %}
    where
        deliveries.outcome = 'delivered'
        and deliveries.epoch is not null
        and kinds.kind in ('traits', 'segment', 'objects')
        {%- if is_incremental() %}
        and stored.sync is null
        {%- endif %}

)

select * from final
